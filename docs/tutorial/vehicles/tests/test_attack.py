"""The plugin withstands every attack, on both databases."""

from backstay.testing.attack import attack

TestAttack = attack("vehicles")

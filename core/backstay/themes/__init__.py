"""How the suite looks: theme packages, and an installation's own tokens over them."""

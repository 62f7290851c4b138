"""What tests of core and of plugins share; shipped, so that plugin authors have it too."""

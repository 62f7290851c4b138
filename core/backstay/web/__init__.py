"""The browser side: the app of one generation, its pages, their parts and their styles."""

"""Lists, record pages, forms and files made from one declaration of a model."""

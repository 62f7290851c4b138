"""Record pages, forms and routes made from one declaration of a model; lists have a folder."""

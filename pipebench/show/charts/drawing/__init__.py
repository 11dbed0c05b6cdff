"""How charts are drawn: a module for each kind of panel, and what they share."""

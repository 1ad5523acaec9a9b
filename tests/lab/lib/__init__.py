"""What the lab scripts share: networks of namespaces, processes that always end, tables."""

"""The table format: folders of tables and arrays."""

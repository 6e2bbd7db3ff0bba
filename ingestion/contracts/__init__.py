"""Contracts: every source table declared once, its raw table and its dbt source."""

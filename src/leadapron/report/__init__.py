"""Assessments for people: one document, and the pages, tables and files made of it, in English and French."""

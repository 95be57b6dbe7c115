"""The record of who did what (PS3.15 A.5, IHE ATNA): messages, spool, delivery."""

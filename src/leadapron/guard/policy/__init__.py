"""Who may do what: the policy file read, checked, asked and explained. Pure."""

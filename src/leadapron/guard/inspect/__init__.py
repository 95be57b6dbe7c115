"""What an object holds, looked at as it streams by: elements, content rules, digests, removal. Pure."""

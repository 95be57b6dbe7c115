"""What is on the network: bytes from captures become events (wire), events become devices and flows (inventory)."""

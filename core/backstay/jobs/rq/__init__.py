"""RQ as a doorbell: Redis says that there is work, the table says which and whether."""

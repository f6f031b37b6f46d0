"""Contains WHO: the enrolled person, secrets, charter, life cycle. Not here: Flask, SQL, a clock."""

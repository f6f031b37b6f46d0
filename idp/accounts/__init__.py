"""WHO: the enrolled person, their secrets, their charter. No Flask, no SQL, no clock."""

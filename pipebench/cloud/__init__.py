"""Rented hosts: a fleet is what one cloud file asks for, and lives until it is destroyed.

cloud_file.py reads the file; each module of providers/ knows what that provider has and what it
costs; fleet.py settles which hosts there will be, and offer.py says what they cost. The roles
cloud_NAME create and destroy, one for each provider. command.py is `./bench --cloud FILE`, the
whole way.
"""

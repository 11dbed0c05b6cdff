"""Rented hosts: a fleet is what one cloud file asks for, and lives until it is destroyed.

cloud_file.py reads the file; aws.py and hetzner.py know what a provider has and what it costs;
fleet.py settles which hosts there will be, and offer.py says what they cost. The roles cloud_aws
and cloud_hetzner create and destroy. command.py is `./bench --cloud FILE`, the whole way.
"""

"""What more than one folder of tests needs: a lab that is up, for all of them the same one."""

pytest_plugins = ["lab.tests.fixture"]

"""The providers: each module here is one, and its name is the word for it in a cloud file.

Its CLOUD is a class (pipebench/cloud/provider.py), and imports its libraries only when it needs
them: ./bench installs these for a cloud alone. The role cloud_NAME has its tasks.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from pipebench.cloud.provider import Description, Place, Provider
from pipebench.plan.errors import PlanError

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def description_of(name: str) -> Description:
    """What is known of a provider without asking it. name: one of NAMES."""
    description: Description = import_module(f"{__name__}.{name}").CLOUD.description
    return description


def provider_of(place: Place) -> Provider:
    """The provider that a cloud file, or a settled fleet, names.

    Raises PlanError without its libraries.
    """
    try:
        cloud: Provider = import_module(f"{__name__}.{place.provider}").CLOUD(
            place.region, place.zone
        )
    except ImportError as error:
        raise PlanError(
            f"{error.name} is not installed here; ./bench --cloud FILE --show installs what a "
            "cloud needs, and changes nothing else."
        ) from error
    return cloud

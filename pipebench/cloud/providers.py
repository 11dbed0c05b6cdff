"""The provider of a place."""

from __future__ import annotations

from pipebench.cloud.provider import Place, Provider
from pipebench.plan.mistakes import PlanError


def provider_of(place: Place) -> Provider:
    """The provider that a cloud file, or a settled fleet, names.

    Raises PlanError without its libraries.
    """
    try:
        if place.provider == "aws":
            from pipebench.cloud.aws import Aws  # noqa: PLC0415 (a fleet needs one of the two)

            return Aws(place.region, place.zone)
        from pipebench.cloud.hetzner import Hetzner  # noqa: PLC0415

        return Hetzner(place.region, place.zone)
    except ImportError as error:
        raise PlanError(
            f"{error.name} is not installed here; ./bench --cloud FILE --show installs what a "
            "cloud needs, and changes nothing else."
        ) from error

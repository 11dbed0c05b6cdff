"""The provider that a cloud file names."""

from __future__ import annotations

from pipebench.cloud.cloud_file import CloudFile
from pipebench.cloud.provider import Provider
from pipebench.plan.mistakes import PlanError


def provider_of(file: CloudFile) -> Provider:
    """The provider that a cloud file names. Raises PlanError without its libraries."""
    try:
        if file.provider == "aws":
            from pipebench.cloud.aws import Aws  # noqa: PLC0415 (a fleet needs one of the two)

            return Aws(file.region, file.zone)
        from pipebench.cloud.hetzner import Hetzner  # noqa: PLC0415

        return Hetzner(file.region, file.zone)
    except ImportError as error:
        raise PlanError(
            f"{error.name} is not installed here; ./bench --cloud FILE --show installs what a "
            "cloud needs, and changes nothing else."
        ) from error

# %% [markdown]
# # A notebook of runs
#
# Six questions that people ask, each with the data frame that answers it. In the percent format,
# which Jupyter (with jupytext), VS Code, PyCharm and Spyder open as a notebook; it also runs as a
# program. `docs/notebooks.md` describes the frames.

# %%
import os
from pathlib import Path

import pandas as pd
import vl_convert

import pipebench

pd.set_option("display.width", 120, "display.max_columns", 12)
runs = pipebench.load(os.environ.get("RUNS", "results/*"))
for problem in runs.problems:
    print("not loaded, or not whole:", problem)
print(runs)
if not len(runs):
    raise SystemExit("There is no run to look at: set RUNS to the folders of some.")

# one run, and one group of its cells: those that differ in nothing but the framework
GROUP = ["run_id", "testbed", "workers", "depth", "connections"]
group = runs.cells[GROUP].iloc[0]


def in_group(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of that group."""
    return frame[(frame[GROUP] == group).all(axis=1)]


# %%
def picture(name: str, frame: pd.DataFrame, x: dict, y: dict, color: str) -> str:
    """A line chart of a frame, by Vega-Lite; its file, an SVG in this folder."""
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 560,
        "height": 300,
        "data": {"values": frame.to_dict("records")},
        "mark": {"type": "line", "interpolate": "step-after"},
        "encoding": {
            "x": {"type": "quantitative", **x},
            "y": {"type": "quantitative", **y},
            "color": {"field": color, "type": "nominal", "sort": None},
        },
    }
    file = Path(f"{name}.svg")
    file.write_text(vl_convert.vegalite_to_svg(spec))
    return str(file)


# %% [markdown]
# ## Which framework, at which depth?

# %%
cells = runs.cells
rates = cells.pivot_table(  # its columns name all in which cells differ: it makes means of the rest
    index="framework", columns=GROUP, values="requests_per_s", sort=False
)
print(rates.round(0))

# %% [markdown]
# How far from what the machines can do at all? Ratios are of the same round, with an exact
# interval.

# %%
to_ceiling = runs.ratios("ceiling")
print(to_ceiling[["run_id", "framework", "depth", "ratio", "ratio_low", "ratio_high"]].round(3))

# %% [markdown]
# ## How do the tails of the latency differ?
#
# Every latency that was recorded, not only the quantiles: of all rounds together, which share of
# the batches took longer than so long?

# %%
tails = in_group(runs.latencies)
by_latency = (
    tails.groupby(["framework", "latency_us"])["batches"]
    .sum()
    .reset_index()
    .sort_values("latency_us")
)
whole = by_latency.groupby("framework")["batches"]
by_latency["longer"] = 1 - whole.cumsum() / whole.transform("sum")
# a point for each step of a hundredth of a decade is enough for the eye
by_latency["step"] = by_latency["latency_us"].map(lambda value: f"{value:.2e}")
shown = by_latency.query("longer > 0").drop_duplicates(["framework", "step"], keep="last")
print(
    picture(
        "tails",
        shown[["framework", "latency_us", "longer"]],
        {"field": "latency_us", "scale": {"type": "log"}, "title": "latency of a batch, us"},
        {
            "field": "longer",
            "scale": {"type": "log"},
            "title": "share that took longer",
        },
        "framework",
    )
)

# %% [markdown]
# ## Is one connection served worse than the others?
#
# What each connection had received shortly before the end of the window, the least served by the
# median. Runs of before the connections were looked at have none.

# %%
connections = runs.connections
if len(connections):
    received = connections.groupby([*GROUP, "framework", "round"])["received_bytes"]
    unfair = pd.DataFrame({"least": received.min(), "median": received.median()})
    unfair["least / median"] = unfair["least"] / unfair["median"]
    print(unfair.groupby([*GROUP, "framework"])["least / median"].min().sort_values().round(2))

# %% [markdown]
# ## What does a round look like over time?
#
# The bytes that arrived at the load generator, in each tenth of a second of one measurement.

# %%
samples = in_group(runs.samples).query("role == 'generator' and round == 1").copy()
if "nic_rx_bytes" in samples:
    samples["tenth"] = (samples["into_s"] * 10).round() / 10
    arrived = samples.groupby(["framework", "host", "tenth"])["nic_rx_bytes"].max()
    rate = arrived.groupby(["framework", "host"]).diff() * 10 / 1e6
    rate = rate.groupby(["framework", "tenth"]).sum(min_count=1).rename("megabytes_per_s")
    print(
        picture(
            "round",
            rate.reset_index().dropna(),
            {"field": "tenth", "title": "seconds since the load began"},
            {"field": "megabytes_per_s", "title": "MB/s to the load generators"},
            "framework",
        )
    )

# %% [markdown]
# ## Two runs side by side
#
# For a verdict use `./collect.py compare`: two runs share no round, and a difference between them
# may be one of the hosts. This only puts them beside each other.

# %%
beside = cells.pivot_table(
    index=["folder", "variant", *GROUP[1:]],
    columns="run_id",
    values="requests_per_s",
    sort=False,
)
print(beside.dropna(thresh=2).round(0))

# %% [markdown]
# ## What does it cost?
#
# Of runs with prices: requests for one unit of money, at the prices of that day.

# %%
priced = cells.dropna(subset=["price_per_hour"])
print(priced[["run_id", "machine", "framework", "requests_per_money", "currency"]].head(20))

# What a run needs, as requirements.lock pins it: docs/conda.md says how to use the image.
ARG PYTHON=3.11
FROM python:${PYTHON}-slim

# another index of packages, as one whose torch is for processors only
ARG PIP_EXTRA_INDEX_URL

WORKDIR /weakseg
COPY requirements.in requirements.lock ./
RUN python -m pip install --no-cache-dir -r requirements.in -c requirements.lock

COPY Snakefile config.yaml pyproject.toml ./
COPY envs envs
COPY experiments experiments
COPY profiles profiles
COPY weakseg weakseg
COPY workflow workflow

# any user may run it: what is cached goes where all may write
ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1
WORKDIR /work
ENTRYPOINT ["python", "-m", "snakemake", "--snakefile", "/weakseg/Snakefile"]
CMD ["--cores", "all"]

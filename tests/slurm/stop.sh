#!/usr/bin/env bash
# Stop the Slurm that start.sh started in DIR, by its own process ids.   usage: stop.sh DIR
set -uo pipefail
dir=$(readlink -m "$1")
for name in slurmctld slurmd munged; do
    pid=$(cat "$dir/$name.pid" 2> /dev/null) || continue
    [[ -n $pid && $(cat "/proc/$pid/comm" 2> /dev/null) == "$name" ]] || continue
    kill "$pid"
    for _ in $(seq 100); do
        [[ -d /proc/$pid ]] || break
        sleep 0.1
    done
    [[ ! -d /proc/$pid ]] || kill -9 "$pid"
done
for file in slurm.conf gres.conf; do
    [[ $(readlink "/etc/slurm/$file") != "$dir/$file" ]] || rm -f "/etc/slurm/$file"
done
exit 0

#!/usr/bin/env bash
# Start a Slurm of one node on loopback, for tests; as root, with slurm-wlm and munge installed.
#   usage: start.sh DIR     a short path: munge's socket lies in it
# DIR takes keys, state and logs.  The configuration is linked into /etc/slurm, as the plugin's inner
# srun sees no SLURM_CONF; nothing is touched where another one stands.
set -euo pipefail
export PATH=$PATH:/usr/sbin
unset SLURM_CONF
here=$(cd "$(dirname "$0")" && pwd)
dir=$(readlink -m "$1")
etc=/etc/slurm

refuse() { echo "start.sh: $1" >&2; exit 1; }
ready() { timeout 5 sinfo --noheader --Node --format %T 2> /dev/null | grep -qx idle; }

for program in munged slurmctld slurmd sbatch; do
    command -v "$program" > /dev/null || refuse "no $program: apt-get install --no-install-recommends slurm-wlm munge"
done
for file in slurm.conf gres.conf; do
    # a link whose end is gone was left by a machine that was switched off
    [[ ! -e $etc/$file ]] || refuse "$etc/$file is there: another Slurm is set up on this machine, leave it or stop it first"
done

mkdir -p "$dir"/{state,spool,log,munge} "$etc"
chmod 755 "$dir" "$dir/munge"
(umask 077 && head -c 1024 /dev/urandom > "$dir/munge/munge.key")
munged --force --num-threads=2 --socket="$dir/munge/munge.socket" --key-file="$dir/munge/munge.key" \
    --log-file="$dir/log/munged.log" --pid-file="$dir/munged.pid" --seed-file="$dir/munge/seed"

memory=$(awk '/MemTotal/ { print int($2 / 1024 * 0.9) }' /proc/meminfo)
for file in slurm.conf gres.conf; do
    sed -e "s|@DIR@|$dir|g" -e "s|@HOST@|$(hostname -s)|g" -e "s|@CPUS@|$(nproc)|g" -e "s|@MEMORY@|$memory|g" \
        -e "s|@CONTROLLER_PORT@|${CONTROLLER_PORT:-26917}|g" -e "s|@NODE_PORT@|${NODE_PORT:-26918}|g" \
        "$here/$file.in" > "$dir/$file"
    ln -sfn "$dir/$file" "$etc/$file"
done
cat > "$dir/task-prolog.sh" << END
#!/bin/sh
echo "\$SLURM_JOB_ID \$SLURM_JOB_PARTITION CUDA_VISIBLE_DEVICES=\$CUDA_VISIBLE_DEVICES" >> "$dir/log/tasks.log"
END
chmod +x "$dir/task-prolog.sh"

slurmctld
slurmd -N node1
for _ in $(seq 120); do
    ready && exit 0
    sleep 0.5
done
tail -n 20 "$dir"/log/*.log >&2
refuse "the node did not become ready within a minute"

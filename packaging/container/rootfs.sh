#!/usr/bin/env bash
# Assembles the file system of the container: our programs, the few libraries of the C library they load,
# certificates, a user. No shell, no package manager, nothing else. packaging/container/Containerfile and the
# test (packaging/test/container.sh) both use it.
#
#   rootfs.sh BIN_DIR ROOT
set -euo pipefail
bin=${1:?the folder of the programs} root=${2:?the folder to make}
here=$(cd "$(dirname "$0")/../.." && pwd)
lib=$root/usr/lib/football-bot
mkdir -p "$lib" "$root"/{etc/ssl/certs,etc/football-bot,var/lib/football-bot,tmp,proc,dev,run/secrets}
for program in orchestrator health sandbox step1 step2 step3 step4 step5 step6; do
    install -s -m 755 "$bin/$program" "$lib/$program" # the profile's own strip leaves some as they are
done

# What the programs load, and the loader, each where the programs look for it.
ldd "$lib"/* | grep -oE '/[^ )]+' | grep -vE ':$' | sort -u | while read -r file; do
    case $file in "$lib"/*) continue ;; esac
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
done

certificates=/etc/ssl/certs/ca-certificates.crt
[ -s "$certificates" ] || { echo "rootfs: $certificates is missing: apt-get install ca-certificates" >&2; exit 69; }
cp -L "$certificates" "$root$certificates"
echo 'football-bot:x:65532:65532:Football Bot:/var/lib/football-bot:/nologin' >"$root/etc/passwd"
echo 'football-bot:x:65532:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
"$here/scripts/deploy_service.sh" configuration >"$root/etc/football-bot/football-bot.toml"
if [ "$(id -u)" = 0 ]; then chown 65532:65532 "$root/var/lib/football-bot"; fi
chmod 750 "$root/var/lib/football-bot"
chmod 1777 "$root/tmp"

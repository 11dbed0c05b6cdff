# shellcheck shell=sh
# The far end of a way out (pipebench/hosts/way_out.py): a host runs this at the end of the ssh
# connection that carries its proxy, as long as the connection lives. Nothing stays when it ends.
# stdin: the proxy's port, then nothing. stdout: `way out: ` and where apt's configuration is, or
# `open to others`; before it, whatever the user's login prints.
umask 022
read -r port || exit
listens=$(printf ':%04X 0*:0000 0A' "$port")
if grep -h "$listens" /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qv ' 0100007F:'; then
  echo 'way out: open to others'
  exit
fi
folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT
trap exit HUP INT TERM
chmod 755 "$folder"
# apt reads the file of APT_CONFIG first and Dir::Etc::main last, so only the latter has the last
# word about a proxy: this file is both. Clearing forgets the proxies of single hosts, too.
{
  echo "Dir::Etc::main \"$folder/apt.conf\";"
  [ ! -f /etc/apt/apt.conf ] || echo '#include "/etc/apt/apt.conf";'
  for method in http https; do
    for option in Proxy Proxy-Auto-Detect ProxyAutoDetect; do
      echo "#clear Acquire::$method::$option;"
    done
    echo "Acquire::$method::Proxy \"socks5h://127.0.0.1:$port\";"
  done
} >"$folder/apt.conf"
echo "way out: $folder/apt.conf"
cat >/dev/null

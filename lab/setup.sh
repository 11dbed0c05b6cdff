# shellcheck shell=bash
# What bench and test must know before they bring the lab up. Sourced after environment.sh.

# What this machine must have to run the lab, for `need`.
# shellcheck disable=SC2034  # bench and test use it
lab_programs=(
  systemd-nspawn=systemd-container mmdebstrap=mmdebstrap nft=nftables ip=iproute2 ssh=openssh-client
  /usr/share/keyrings/debian-archive-keyring.gpg=debian-archive-keyring
)

# become_options : prints the option by which Ansible asks for sudo's password, if sudo asks for one
become_options() {
  [[ $EUID -eq 0 ]] && return
  command -v sudo >/dev/null || die "The lab needs root: run this as root, or install sudo."
  sudo -n true 2>/dev/null && return
  [[ -t 0 ]] || die "The lab needs root, and sudo asks for a password, which nobody can type here."
  echo --ask-become-pass
}

# lab_play up|down [OPTION...] : bring the lab of this folder up, or take it down
lab_play() {
  local become play=$1
  : "${here:?}"
  shift
  [[ $play == down ]] || need "${lab_programs[@]}"
  become=$(become_options)
  # --close: the lab's machines must not inherit the lock
  flock --close "$here" "$here/.venv/bin/ansible-playbook" -i "$here/inventory/lab" \
    ${become:+"$become"} "$here/lab/$play.yml" "$@"
}

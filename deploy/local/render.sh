# shellcheck shell=bash
# Templates of configuration: deploy/local/templates. @home@, @port.NAME@ and the like are replaced; an unknown one is an error.

templates=$TRIVIUM_ROOT/deploy/local/templates

# render TEMPLATE FILE [NAME TEXT]...: further names are replaced by the texts given. @own.NAME@ is a port of the instance whose number is in
# instance_number.
render() {
  local template=$1 file=$2 text name
  shift 2
  text=$(<"$templates/$template")
  text=${text//@home@/$home}
  text=${text//@short_home@/$short_home}
  text=${text//@root@/$TRIVIUM_ROOT}
  while [[ $text =~ @own\.([a-z_]+)@ ]]; do
    name=${BASH_REMATCH[1]}
    [ -n "${port_offsets[$name]:-}" ] || die "$templates/$template: unknown @own.$name@"
    text=${text//@own.$name@/$(own_port "$name" "${instance_number:-1}")}
  done
  for name in "${!port_offsets[@]}"; do text=${text//@port.$name@/$(port "$name")}; done
  while [ $# -gt 0 ]; do
    text=${text//@$1@/$2}
    shift 2
  done
  [[ ! $text =~ @[a-z_.0-9]+@ ]] || die "$templates/$template: unknown ${BASH_REMATCH[0]}"
  write_file "$file" <<<"$text"
}

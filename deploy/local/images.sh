# shellcheck shell=bash
# trv images: one container image per service, from the same binaries as `trv up`. deploy/images/README.md is the contract of an image.

readonly images='control payment push live gateway ops tools'

cmd_images() {
  local base databases='' chosen=()
  base=$(image_base)
  while [ $# -gt 0 ]; do
    case $1 in
      --base) base=${2:?image} ;;
      --service) [[ " $images " == *" ${2:-} "* ]] || unknown_word image "${2:-}" "$images"; chosen+=("$2") ;;
      --infrastructure) databases=${2:?image} ;;
      *) unknown_word option "$1" '--base --service --infrastructure' ;;
    esac
    shift 2
  done
  [ ${#chosen[@]} -gt 0 ] || read -r -a chosen <<<"$images"
  make_home
  find_engine
  take_lock images
  trap 'stop_background' EXIT
  check_disk
  ensure_packages run build
  prepare_binaries
  build_images "$base" "$databases" "${chosen[@]}"
  # `up --containers` takes them as they are, and makes later ones on the same base.
  echo "$base" >"$home/images/base"
  [ ${#chosen[@]} -lt "$(wc --words <<<"$images")" ] || image_stamp >"$home/images/made"
}

image_base() { echo "${TRIVIUM_IMAGE_BASE:-$(cat "$home/images/base" 2>/dev/null || echo debian:12-slim)}"; }

# What images are made of.
image_stamp() {
  (
    cd "$TRIVIUM_ROOT"
    image_base
    cat VERSION "$home/bin/fingerprint-platform"
    find deploy/images deploy/commands.yaml deploy/local/templates/live-capacity.yaml dashboards/boards.yaml migrations examples/school-day console/dist \
      -type f -exec sha256sum {} + | sort
  ) | sha256sum | cut --characters=1-16
}

prepare_binaries() {
  in_background console build_console
  build_binaries platform
  await_background
}

# Sets engine to the command words of docker or podman, whichever can run here; docker when both can. TRIVIUM_ENGINE chooses.
find_engine() {
  local reason docker_says podman_says
  engine=()
  case ${TRIVIUM_ENGINE:-docker podman} in
    *docker*) docker_says=$(engine_says docker) && { engine=(docker); return; } ;;
  esac
  case ${TRIVIUM_ENGINE:-docker podman} in
    *podman*)
      podman_says=$(engine_says podman) && {
        engine=(podman)
        # crun is its choice where both are; inside another container only runc works.
        if command -v runc >/dev/null && ! command -v crun >/dev/null; then engine+=(--runtime runc); fi
        return
      }
      ;;
  esac
  reason="docker: ${docker_says:-not asked}; podman: ${podman_says:-not asked}"
  die "neither docker nor podman can run here ($reason).
     Install one: apt-get install --no-install-recommends podman runc"
}

# engine_says NAME: 0 when it works, else why not.
engine_says() {
  local answer
  command -v "$1" >/dev/null || { echo "not installed"; return 1; }
  answer=$("$1" info 2>&1) && return 0
  grep --max-count=1 --ignore-case --extended-regexp 'error|cannot|denied' <<<"$answer" || tail --lines=1 <<<"$answer"
  return 1
}

image_version() { tr --delete '[:space:]' <"$TRIVIUM_ROOT/VERSION"; }

# The commit, with -dirty when something is not committed; "" outside a clone.
image_revision() {
  local commit
  commit=$(git -C "$TRIVIUM_ROOT" rev-parse --short=12 HEAD 2>/dev/null) || return 0
  [ -z "$(git -C "$TRIVIUM_ROOT" status --porcelain 2>/dev/null)" ] || commit+=-dirty
  echo "$commit"
}

# The time of the commit: the same commit makes the same labels.
image_created() { TZ=UTC0 git -C "$TRIVIUM_ROOT" log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null || echo 1970-01-01T00:00:00Z; }

# build_images BASE INFRASTRUCTURE-BASE NAME...
build_images() {
  local base=$1 databases=$2 name context=$home/images/context
  shift 2
  mkdir --parents "$home/images"
  logged "collecting what the images get" "$home/log/images-stage.log" "$TRIVIUM_ROOT/deploy/images/stage" "$home/bin" "$context"
  for name; do build_image "$name" "$base"; done
  [ -z "$databases" ] || build_infrastructure "$databases"
  rm --recursive --force "$context"
}

# build_image TARGET BASE [FLAG...]
build_image() {
  local target=$1 base=$2 tag revision begin=$SECONDS
  tag=trivium-$1:$(image_version)
  local -a flags=(--file "$TRIVIUM_ROOT/deploy/images/Dockerfile" --target "$target" --tag "$tag" --build-arg "BASE=$base" --build-arg "VERSION=$(image_version)")
  revision=$(image_revision)
  [ -z "$revision" ] || flags+=(--tag "$tag-$revision" --build-arg "REVISION=$revision" --build-arg "CREATED=$(image_created)")
  # The OCI format has no health check.
  [ "${engine[0]}" != podman ] || flags+=(--format docker)
  shift 2
  logged "building the image of $target" "$home/log/image-$target.log" "${engine[@]}" build "${flags[@]}" "$@" "$home/images/context"
  say "$(printf '%-44s %5s MB  (%s s)' "$tag${revision:+, -$revision}" "$(image_megabytes "$tag")" $((SECONDS - begin)))"
}

image_megabytes() { "${engine[@]}" image inspect --format '{{.Size}}' "$1" | awk '{ printf "%.0f", $1 / 1e6 }'; }

# The databases' own image for machines without a registry; INFRASTRUCTURE-BASE has the packages or can install them.
build_infrastructure() {
  local -a limits=()
  fetch_kafka_jars
  cp "$kafka_jars"/*.jar "$home/images/context/kafka/"
  # What a command in a build may have must not be more than we have.
  [ "${engine[0]}" != podman ] || limits=(--ulimit "nofile=$(ulimit -Hn):$(ulimit -Hn)" --ulimit nproc=4096:4096)
  build_image infrastructure "$1" --build-arg "INFRASTRUCTURE_BASE=$1" "${limits[@]}"
}

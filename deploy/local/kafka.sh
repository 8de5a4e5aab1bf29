# shellcheck shell=bash
# Apache Kafka, one node with KRaft. Its jars come through Maven once per user and are shared by all clones.

kafka_jars=${TRIVIUM_KAFKA_LIBS:-$cache/trivium-kafka/$(md5sum <"$TRIVIUM_ROOT/deploy/kafka/pom.xml" 2>/dev/null | cut --characters=1-12)}
readonly kafka_jars

fetch_kafka_jars() {
  [ ! -d "$kafka_jars" ] || return 0
  local new
  mkdir --parents "${kafka_jars%/*}"
  new=$(mktemp --directory "$kafka_jars.XXXXXX")
  logged "fetching Kafka's jars from Maven Central" "$home/log/kafka-jars.log" \
    mvn --batch-mode --file "$TRIVIUM_ROOT/deploy/kafka/pom.xml" dependency:copy-dependencies -DoutputDirectory="$new" -DincludeScope=runtime
  chmod 755 "$new"
  mv --no-target-directory "$new" "$kafka_jars" 2>/dev/null || rm --recursive --force "$new"
}

kafka_java() {
  printf '%s\n' /usr/bin/java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m -XX:+ExitOnOutOfMemoryError \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$kafka_jars/*"
}

prepare_kafka() {
  local -a java
  mapfile -t java < <(kafka_java)
  render kafka.conf "$home/etc/kafka.conf"
  if [ ! -f "$home/data/kafka/meta.properties" ]; then
    rm --recursive --force "$home/data/kafka"
    logged "formatting Kafka's storage" "$home/log/kafka-format.log" \
      "${java[@]}" kafka.tools.StorageTool format --cluster-id "$(new_cluster_id)" --config "$home/etc/kafka.conf"
  fi
  define_service kafka "${java[@]}" kafka.Kafka "$home/etc/kafka.conf"
}

# 16 random bytes as URL-safe base64, as Kafka wants them; it must not begin with a dash.
new_cluster_id() { head --bytes=16 /dev/urandom | base64 | tr '+/' 'AB' | tr --delete '='; }

kafka_answers() { kcat -b "127.0.0.1:$(port kafka)" -L -m 2 2>&1 | grep --quiet ' broker .* at 127.0.0.1'; }

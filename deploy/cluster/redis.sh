#!/bin/sh
# A node of Redis, or a sentinel, for docker-compose.yml and `make cluster`:
#
#     redis.sh node | sentinel
#
# From the environment: PLACE (a directory of its own, kept between two starts), NAME (its address, for the others), BIND,
# PORT, MASTER_NAME and MASTER_PORT (the node that begins as master), REDIS_PASSWORD. The file is written once: from then
# on Redis and the sentinels note in it who is master.
set -eu
umask 077
shared=$(dirname "$(readlink -f "$0")")
file=$PLACE/$1.conf

common() {
    echo "bind $BIND"
    echo "port $PORT"
    echo "dir $PLACE"
    echo "requirepass $REDIS_PASSWORD"
}

node() {
    echo "include $shared/redis.conf"
    common
    echo "masterauth $REDIS_PASSWORD"
    echo "replica-announce-ip $NAME"
    [ "$NAME:$PORT" = "$MASTER_NAME:$MASTER_PORT" ] || echo "replicaof $MASTER_NAME $MASTER_PORT"
}

sentinel() {
    common
    echo "sentinel resolve-hostnames yes"
    echo "sentinel announce-hostnames yes"
    echo "sentinel announce-ip $NAME"
    echo "sentinel sentinel-pass $REDIS_PASSWORD"
    # Two of three must agree.
    echo "sentinel monitor caducee $MASTER_NAME $MASTER_PORT 2"
    echo "sentinel auth-pass caducee $REDIS_PASSWORD"
    echo "sentinel down-after-milliseconds caducee 3000"
    echo "sentinel failover-timeout caducee 15000"
}

[ -e "$file" ] || "$1" >"$file"
case $1 in
    node) exec redis-server "$file" ;;
    sentinel) exec redis-server "$file" --sentinel ;;
esac

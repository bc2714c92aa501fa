#!/usr/bin/env bash
# A job from beginning to end with curl and Connect-JSON, as docs/service.md says.
#
#   benchmarks/service/independent/curl.sh http://127.0.0.1:50080
set -euo pipefail
base=$1
call() { curl -sS --max-time 60 "$base/vox.v1.$1" -H 'content-type: application/json' -d "$2"; }

curl -sS --max-time 10 "$base/healthz"
created=$(call JobService/CreateJob \
  '{"spec": {"prompt": "a tower", "mapId": "1", "settings": {"teacher": "TEACHER_NOISE", "steps": 3, "seed": "7"}}}')
job=$(sed -n 's/.*"jobId": *"\([^"]*\)".*/\1/p' <<<"$created")
echo "job $job"
after=0
until grep -q '"finished": *true' <<<"${answer:-}"; do
  answer=$(call TrainingService/PollJobEvents "{\"jobId\": \"$job\", \"afterSeq\": \"$after\", \"waitMillis\": 20000}")
  last=$(grep -o '"seq": *"[0-9]*"' <<<"$answer" | tail -n 1 | tr -dc '0-9' || true)
  after=${last:-$after}
done
state=$(call JobService/GetJob "{\"jobId\": \"$job\"}")
grep -o '"state": *"[A-Z_]*"' <<<"$state" | head -n 1
code=$(curl -sS -o /dev/null -w '%{http_code}' "$base/vox.v1.JobService/GetJob" \
  -H 'content-type: application/json' -d '{"jobId": "none"}')
echo "an unknown job: HTTP $code"
[[ $code == 404 ]] && grep -q 'JOB_STATE_SUCCEEDED' <<<"$state" && echo ok

"""An application as OpenTelemetry means it: the SDK, the instrumentation of the openai client, and not a
line of pointsman. What it does is exported twice, as protobuf and as JSON: two spellings of the same."""

import os

from openai import OpenAI
from opentelemetry.exporter.otlp.json.http._log_exporter import OTLPLogExporter as JsonLogs
from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter as JsonSpans
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as ProtobufLogs
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as ProtobufSpans
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

resource = Resource({"service.name": "support-api", "deployment.environment.name": "production"})
traces = TracerProvider(resource=resource)
for exporter in (ProtobufSpans(), JsonSpans()):
    traces.add_span_processor(BatchSpanProcessor(exporter))
logs = LoggerProvider(resource=resource)
for exporter in (ProtobufLogs(), JsonLogs()):
    logs.add_log_record_processor(BatchLogRecordProcessor(exporter))
OpenAIInstrumentor().instrument(tracer_provider=traces, logger_provider=logs)

client = OpenAI(base_url=os.environ["MODEL_URL"], api_key="sk-canary", max_retries=0)
tracer = traces.get_tracer("support")
with tracer.start_as_current_span("POST /tickets", attributes={"http.route": "/tickets"}):
    with tracer.start_as_current_span("triage", attributes={"gen_ai.prompt.name": "triage"}):
        answer = client.chat.completions.create(
            model="gpt-4.1-mini",
            temperature=0,
            messages=[
                {"role": "system", "content": "Answer with the queue."},
                {"role": "user", "content": "I was charged twice. Write to kim@example.com."},
            ],
        )
    logs.get_logger("grading").emit(
        event_name="gen_ai.evaluation.result",
        attributes={
            "gen_ai.evaluation.name": "queue-matches",
            "gen_ai.evaluation.score.value": 1.0,
            "gen_ai.evaluation.score.label": "pass",
            "gen_ai.response.id": answer.id,
        },
    )
try:
    client.chat.completions.create(model="gpt-4.1-mini", messages=[{"role": "user", "content": "fail"}])
except Exception as error:
    print(type(error).__name__)
traces.shutdown()
logs.shutdown()
print(answer.choices[0].message.content)

"""The bundled business domains. Table names differ between them, so no question reads the same in two databases."""

from pipeline.synth.samples.domain import Domain
from pipeline.synth.samples.domains.billing import BILLING
from pipeline.synth.samples.domains.clinic import CLINIC
from pipeline.synth.samples.domains.logistics import LOGISTICS
from pipeline.synth.samples.domains.retail import RETAIL

DOMAINS: tuple[Domain, ...] = (RETAIL, CLINIC, LOGISTICS, BILLING)

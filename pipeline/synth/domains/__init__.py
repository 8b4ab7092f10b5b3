"""The bundled business domains. Table names differ between them, so no question reads the same in two databases."""

from pipeline.synth.domain import Domain
from pipeline.synth.domains.billing import BILLING
from pipeline.synth.domains.clinic import CLINIC
from pipeline.synth.domains.logistics import LOGISTICS
from pipeline.synth.domains.retail import RETAIL

DOMAINS: tuple[Domain, ...] = (RETAIL, CLINIC, LOGISTICS, BILLING)

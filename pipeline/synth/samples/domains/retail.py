"""A retail shop: suppliers, products, customers, their orders and what is in them."""

from pipeline.synth.samples.domain import Column, Domain, Table, key
from pipeline.synth.samples.domains.words import CITIES, COUNTRIES, PEOPLE, words
from pipeline.synth.samples.rows import Amount, Choice, Copied, Day, Later, Named, Phone, Ref, Score, Whole

ADJECTIVES = words("Basic Blue Classic Compact Fresh Golden Green Large Light Mini Modern Red Silver Smart Soft")
THINGS = words("Backpack Ball Blanket Candle Chair Cup Desk Jacket Kettle Lamp Mirror Pan Puzzle Rug Scarf")
MAKERS = (words("Alpine Baltic Coastal Delta Eagle Forest Harbor Summit"), words("Goods Supply Trading Works"))

RETAIL = Domain(
    "retail_shop",
    (
        Table(
            "suppliers",
            "supplier",
            "suppliers",
            24,
            (
                key("supplier_id"),
                Column("name", Named(MAKERS)),
                Column("country", Choice(COUNTRIES[:6]), where=("from {}", "in {}", "based in {}")),
                Column("rating", Score((1, 2, 5, 6, 3)), adds=False),
            ),
        ),
        Table(
            "products",
            "product",
            "products",
            200,
            (
                key("product_id"),
                Column("supplier_id", Ref("suppliers"), of="from", has="that supply"),
                Column("name", Named((ADJECTIVES, THINGS))),
                Column(
                    "category",
                    Choice(("Home", "Kitchen", "Toys", "Sport", "Garden", "Office")),
                    where=("in the {} category", "in category {}", "of category {}"),
                ),
                Column("price", Amount(22.0, 0.8), adds=False),
                Column("stock", Whole(60, 0.9, 1, low=0), lead="with a stock"),
                Column(
                    "discontinued_on",
                    Day("2023-01-01", "2024-12-31"),
                    null=0.8,
                    says="discontinuation date",
                    lead="discontinued",
                    missing=("that are not discontinued", "that are discontinued"),
                ),
            ),
        ),
        Table(
            "customers",
            "customer",
            "customers",
            2000,
            (
                key("customer_id"),
                Column("name", Named(PEOPLE)),
                Column("city", Choice(CITIES), where=("in {}", "from {}", "living in {}")),
                Column(
                    "segment",
                    Choice(("consumer", "business", "school"), 1.4),
                    where=("in the {} segment", "of the {} segment", "with segment {}"),
                ),
                Column("phone", Phone(), null=0.25, missing=("without a phone number", "with a phone number")),
                Column("joined_on", Day("2018-01-01", "2021-12-31"), says="join date", lead="who joined"),
            ),
        ),
        Table(
            "orders",
            "order",
            "orders",
            8000,
            (
                key("order_id"),
                Column("customer_id", Ref("customers", 0.8, idle=0.08), of="placed by", has="who placed"),
                Column(
                    "channel",
                    Choice(("web", "app", "phone", "store")),
                    where=("through the {} channel", "from the {} channel", "with channel {}"),
                ),
                Column(
                    "status",
                    Choice(("delivered", "shipped", "returned", "cancelled"), 1.3),
                    where=("with status {}", "that were {}", "marked as {}"),
                ),
                Column("shipping_fee", Amount(5.0, 0.5)),
                Column("ordered_on", Day("2022-01-01", "2024-12-31"), says="order date", lead="placed", indexed=True),
                Column(
                    "due_on",
                    Later("ordered_on", 5),
                    null=0.2,
                    says="due date",
                    lead="due",
                    missing=("without a due date", "with a due date"),
                ),
            ),
        ),
        Table(
            "order_items",
            "order item",
            "order items",
            16000,
            (
                key("item_id"),
                Column("order_id", Ref("orders", 0.3), of="in"),
                Column("product_id", Ref("products", 0.9, idle=0.05), of="for"),
                Column("quantity", Score((50, 25, 12, 6, 4, 2, 1))),
                Column("unit_price", Copied("products", "price", "product_id"), adds=False),
                Column(
                    "discount",
                    Score((4, 3, 2, 2, 1), low=5),
                    null=0.7,
                    says="discount",
                    adds=False,
                    missing=("without a discount", "with a discount"),
                ),
            ),
        ),
    ),
)

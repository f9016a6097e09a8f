"""Recommendations in an online shop, with what is in stock."""

from workbench.case import Case
from workbench.cases.recommend.schema import SCHEMA

CASE = Case(
    name="recommend",
    title="The next item in an online shop",
    schema=SCHEMA,
    label="",
    label_delay="0s",
    features="workbench.cases.recommend.features:FEATURES",
    detectors="workbench.cases.recommend.detectors:DETECTORS",
    default_detector="reranked",
    simulate="workbench.cases.recommend.simulator:simulate",
    presets={
        "online-retail": "workbench.cases.recommend.presets:ONLINE_RETAIL",
        "yoochoose": "workbench.cases.recommend.presets:YOOCHOOSE",
        "movielens": "workbench.cases.recommend.presets:MOVIELENS",
    },
    evaluate="workbench.cases.recommend.metrics:evaluate",
    compare="workbench.cases.recommend.metrics:compare",
    objective="workbench.cases.recommend.metrics:ndcg",
    plots="workbench.cases.recommend.plots:plot",
    report="recommend/report.ipynb",
    evaluation_columns=("session", "visitor", "item", "kind", "quantity", "price", "on_hand"),
    alerts="workbench.cases.recommend.sellout:alerts",
    policy="workbench.cases.recommend.sellout:SellOut",
    truth="workbench.cases.recommend.truth:truth_of",
    answer="items",
    path="workbench.replay.item_path:ItemPath",
)

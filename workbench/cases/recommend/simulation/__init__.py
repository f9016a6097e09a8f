"""The parts of the shop's simulator, one idea a module.

``schedule`` (what happens when), ``assortment`` (departments, styles), ``catalogue`` (articles,
their families and what goes with them), ``demand`` (how popular each is on a day), ``visitors``
(who comes, with which tastes), ``walk`` (what they look at), ``intents`` (when they mean to do
what), ``supply`` (orders and deliveries), ``shop`` (what becomes of it: stock, what is known of
it, what is sold and what is lost), ``frames`` (as the stream has it), ``draws`` (random streams).
"""

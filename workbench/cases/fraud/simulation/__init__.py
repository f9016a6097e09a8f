"""The parts of the fraud simulator, one idea a module.

``schedule`` (what happens when), ``population`` (who and where), ``spending`` (genuine use),
``patterns`` (fraud by incident), ``compromise`` (fraud by terminal), ``labels`` (when the truth
is known), ``table`` (what they hand to each other), ``frames`` (as the stream has it).
"""

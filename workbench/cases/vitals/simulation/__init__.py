"""The parts of the vitals simulator, one idea a module.

``hospital`` (wards, beds, devices and their clocks), ``stays`` (who lies where, from when to
when), ``episodes`` (how patients deteriorate), ``body`` (what their signs truly are), ``rounds``
(who measures what and when), ``laboratory`` (what is drawn), ``artefacts`` (what devices make of
it), ``chart`` (one stay as rows), ``frames`` (as the stream has it), ``schedule`` (what the ground
truth says).
"""

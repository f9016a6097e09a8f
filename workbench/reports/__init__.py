"""Reports: a notebook that is executed, published as a page, listed, and made on time.

- :mod:`~workbench.reports.publish`: from a case's notebook to a folder that can be sent around.
- :mod:`~workbench.reports.parameters`: what a notebook takes, checked before it runs.
- :mod:`~workbench.reports.execution`: running a notebook, and saying well how it failed.
- :mod:`~workbench.reports.html`: one self-contained page, light and dark.
- :mod:`~workbench.reports.account`: a report in numbers, and what changed since the last one.
- :mod:`~workbench.reports.tables`: tables for notebooks and pages.
- :mod:`~workbench.reports.reproduce`: the commands that make a report again.
- :mod:`~workbench.reports.gallery`: the pages that list what was published.
- :mod:`~workbench.reports.schedule`: which report is due when.
- :mod:`~workbench.reports.scheduler`: publishing what is due.
- :mod:`~workbench.reports.refresh`: saving the outputs of the project's notebooks anew.
"""

"""Quality checks of results: each a pure rule over one version. What a check is stands in `base`, running all in `running`."""

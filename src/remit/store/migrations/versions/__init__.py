"""One module a step; `REVISION` in `store.tables` names the last."""

-- Grey release 灰度: a share of a cell's calls for the instances of one version. An empty version: none. The version before writes rows without it.
ALTER TABLE route_cell
  ADD COLUMN canary_version VARCHAR(64) NOT NULL DEFAULT '',
  ADD COLUMN canary_percent INT NOT NULL DEFAULT 0;

"""What a child may not do, layer by layer: a module a layer, `policy` as data, `entry` puts them on."""

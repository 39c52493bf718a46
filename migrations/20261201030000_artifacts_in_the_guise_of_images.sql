-- Signatures, files and models that have the configuration type of an image are artifacts. Manifests are parsed once, so
-- those that are saved are told by the media types of their layers, as the program does.

UPDATE manifest SET kind = 'artifact', artifact_type = COALESCE(artifact_type, layer_media_types[1])
    WHERE kind = 'image' AND cardinality(layer_blob_ids) > 0
      AND (config_blob_id = ANY (layer_blob_ids)
           OR NOT EXISTS (SELECT FROM unnest(layer_media_types) AS media_type
                          WHERE media_type = '' OR media_type ~* 'tar|layer|rootfs|octet-stream'));

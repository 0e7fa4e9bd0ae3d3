-- Vectors as machine learning makes them, though these are random: they lie near
-- surfaces of far fewer dimensions than they have components.
--
--	descriptors		75,000 of 128 components (L2), 36 dimensions, as gradient
--					histograms of pictures have about
--	scans			63,000 of 784 (L2), in ten classes of 12 dimensions each
--	meanings		8,000 of 300 (cosine), 40 dimensions
--
-- Besides, there are 100 query objects for each, made in the same way, that the
-- tables do not have.

SELECT setseed(0.5) \g /dev/null
CALL bench.make_embeddings('descriptors', 75000, 128, 1, 36, 1, 0.3);
CALL bench.make_embeddings('scans', 63000, 784, 10, 12, 2, 0.3);
CALL bench.make_embeddings('meanings', 8000, 300, 1, 40, 0.5, 0.5);
VACUUM descriptors, scans, meanings;
CALL bench.build('descriptors', 'v');
CALL bench.build('scans', 'v');
CALL bench.build('meanings', 'v mmvector_cosine_ops');

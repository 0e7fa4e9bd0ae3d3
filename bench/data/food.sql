-- Products of Open Food Facts: name (edit distance), ingredients (Jaccard) and
-- how many they are, six nutrients (L1).

CREATE TEMP TABLE raw (id int, barcode text, name text, ingredients text, ingredients_n int, fat_g float4,
	saturated_fat_g float4, carbohydrate_g float4, sugar_g float4, fiber_g float4, protein_g float4, salt_g float4,
	alcohol_g float4);
\copy raw FROM PROGRAM 'gzip -dc "$DATA/food_openfoodfacts.csv.gz"' WITH (FORMAT csv, HEADER)
CREATE TABLE food AS
	SELECT id, bench.bucket(id) AS bucket, name, string_to_array(ingredients, '|') AS ingredients, ingredients_n AS number,
		   ARRAY[fat_g, saturated_fat_g, carbohydrate_g, sugar_g, protein_g, salt_g]::mmvector(6) AS nutrients
	FROM raw ORDER BY id;
VACUUM ANALYZE food;
CALL bench.build('food', 'name, ingredients, number, nutrients mmvector_l1_ops');

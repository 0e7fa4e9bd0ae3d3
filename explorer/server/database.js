// Everything that is asked of the database.
//
// Statements are fixed texts.  What comes from outside is a parameter of them, or goes
// through odb_query, which treats it as data.  Names that stand in a statement come
// from the catalogs, where quote_ident() and format_type() have written them.
// Transactions are read-only, but for the one that saves a profile.
import { createRequire } from 'node:module';
import { plainSql, odbknnSql } from './sql.js';

// By require, Debian's node-pg is found, too.
const pg = createRequire(import.meta.url)('pg');

// What a client gets wrong.
export class RequestError extends Error {
	constructor(message, path, hint) {
		super(message);
		Object.assign(this, { path, hint, status: 400 });
	}
}

// jsonb is passed on as text: nobody here looks into it.
const asText = { getTypeParser: () => value => value };

export const MAX_ROWS = 1000;

const describeIndex = `
	SELECT (SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = c.table_name) AS rows,
		   c.index_name::text AS index, c.index_name::oid::integer AS index_oid, c.table_name::text AS "table",
		   c.table_name::oid::integer AS table_oid,
		   json_agg(json_build_object('name', c.column_name, 'type', c.type::text, 'metric', c.metric,
									  'operator', (SELECT oprname FROM pg_operator o WHERE o.oid = c.operator),
									  'dimensions', c.dimensions, 'scale', c.scale, 'problem', c.problem,
									  'intrinsicDimension', c.intrinsic_dimension)
					ORDER BY c.column_number) AS columns
	FROM mmdb.index_columns c
	WHERE c.column_number IS NOT NULL AND has_table_privilege(c.table_name, 'SELECT')
		  AND ($1::text IS NULL OR c.index_name = $1::text::regclass)
		  AND NOT EXISTS (SELECT FROM pg_inherits p WHERE p.inhrelid = c.index_name)
	GROUP BY c.index_name, c.table_name`;

const describeTable = `
	SELECT a.attname AS name, quote_ident(a.attname) AS quoted, format_type(a.atttypid, -1) AS type,
		   t.typcategory AS category, col_description(a.attrelid, a.attnum) AS comment,
		   s.n_distinct AS distinct, s.null_frac AS nulls,
		   array_to_json(s.most_common_vals::text::text[]) AS common,
		   array_to_json(s.most_common_elems::text::text[]) AS elements,
		   CASE WHEN t.typcategory IN ('N', 'D') THEN
				array_to_json(ARRAY(SELECT x FROM unnest(s.histogram_bounds::text::text[]) WITH ORDINALITY u(x, n)
									WHERE n IN (1, cardinality(s.histogram_bounds::text::text[])) ORDER BY n))
		   END AS bounds
	FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
		 LEFT JOIN pg_class c ON c.oid = a.attrelid
		 LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
		 LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
							 AND NOT s.inherited
	WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
		  AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
	ORDER BY a.attnum`;

const describeKey = `
	SELECT a.attname AS name, format_type(a.atttypid, -1) AS type
	FROM pg_index i, unnest(i.indkey::smallint[]) WITH ORDINALITY k(attnum, n), pg_attribute a
	WHERE i.indrelid = $1 AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.attnum
	ORDER BY k.n`;

// Reciprocal rank fusion: each column finds its own nearest, and ranks are added up.
const fuse = `
	SELECT l.row, mm_rrf(l.rank, w.weight) AS score
	FROM jsonb_to_recordset($1) AS w(query jsonb, weight double precision),
		 LATERAL (SELECT q -> 'row' AS row, row_number() OVER () AS rank FROM odb_query(w.query) q) l
	GROUP BY l.row ORDER BY score DESC, l.row LIMIT $2`;

// Connects, and finds the index that the options name.
export async function connect(options) {
	const pool = new pg.Pool({
		connectionString: options.dsn,
		max: 4,
		options: [
			process.env.PGOPTIONS ?? '',
			'-c default_transaction_read_only=on',
			`-c statement_timeout=${options.timeout}`,
			'-c idle_in_transaction_session_timeout=10000',
			'-c client_min_messages=error',
		].join(' '),
		application_name: 'mmdb-explorer',
	});
	// A connection that breaks while it is idle is replaced.
	pool.on('error', () => {});
	try {
		const database = new Database(pool, options);
		await database.readSchema();
		return database;
	} catch (error) {
		await pool.end();
		throw error;
	}
}

export class Database {
	constructor(pool, options) {
		this.pool = pool;
		this.options = options;
	}

	end() {
		return this.pool.end();
	}

	async rows(text, values) {
		return (await this.pool.query({ text, values })).rows;
	}

	// What the page knows of the table.  Statistics are those that the role may see.
	async readSchema() {
		const found = await this.rows(describeIndex, [this.options.index ?? null]);
		if (found.length === 0) {
			throw new Error(
				this.options.index
					? `"${this.options.index}" is no mmdb index on a table that may be read`
					: 'there is no mmdb index on a table that may be read',
			);
		}
		if (found.length > 1) {
			throw new Error(
				`there are several mmdb indexes; choose one with --index: ${found.map(i => i.index).join(', ')}`,
			);
		}
		const [index] = found;
		const attributes = await this.rows(describeTable, [index.table_oid]);
		const key = await this.rows(describeKey, [index.table_oid]);
		const profiles = await this.rows('SELECT name, columns, weights FROM mmdb.weight_profile ORDER BY name');
		const names = index.columns.map(column => column.name);
		this.schema = {
			table: index.table,
			index: index.index,
			rows: index.rows,
			key: key.map(column => column.name),
			columns: index.columns,
			attributes: attributes.map(attribute => ({ ...attribute, indexed: names.includes(attribute.name) })),
			show: this.whatToShow(attributes, index.columns),
			profiles: profiles.filter(
				profile =>
					profile.columns.length === names.length && profile.columns.every(name => names.includes(name)),
			),
			maySaveProfiles:
				this.options.saveProfiles &&
				(
					await this.rows(
						"SELECT has_table_privilege('mmdb.weight_profile', 'INSERT') AND has_table_privilege('mmdb.weight_profile', 'UPDATE') AS may",
					)
				)[0].may,
			maxRows: MAX_ROWS,
		};
		this.keyTypes = key.map(column => column.type);
		return this.schema;
	}

	// Which columns a row is shown by: those of the options, or those whose names tell.
	whatToShow(attributes, columns) {
		const named = (pattern, good) => attributes.find(a => pattern.test(a.name) && good(a))?.name ?? null;
		const dimensions = a => columns.find(c => c.name === a.name)?.dimensions ?? 0;
		const vector = a => /vector|\[\]$/.test(a.type);
		const text = a => a.category === 'S';
		return {
			title: this.options.title ?? named(/^(title|name|label)$/i, text) ?? attributes.find(text)?.name ?? null,
			image: this.options.image ?? null,
			thumbnail:
				this.options.thumbnail ??
				named(
					/thumb|gr[ae]y/i,
					a => vector(a) && dimensions(a) >= 64 && Number.isInteger(Math.sqrt(dimensions(a))),
				),
			colors: this.options.colors ?? named(/colou?r/i, a => vector(a) && dimensions(a) === 32),
			point: attributes.find(a => a.type === 'point')?.name ?? null,
			start: this.options.start ?? null,
		};
	}

	// A query of the API as one of odb_query: about this table, and not without end.
	complete(query) {
		if (query === null || typeof query !== 'object' || Array.isArray(query)) {
			throw new RequestError('a query must be an object', '$');
		}
		const complete = { ...query };
		if (complete.from === undefined) {
			complete.from = this.schema.table;
			complete.index ??= this.schema.index;
		}
		if (complete.k === undefined && complete.radius !== undefined) complete.k = MAX_ROWS;
		if (typeof complete.k === 'number' && complete.k > MAX_ROWS) {
			throw new RequestError(`$.k of the query must be at most ${MAX_ROWS}`, '$.k');
		}
		return complete;
	}

	// POST /query: the answer as JSON text.
	async query(query) {
		const { explain, ...search } = this.complete(query);
		const began = performance.now();
		const { rows } = await this.pool.query({
			name: 'query',
			text: 'SELECT odb_query($1::jsonb)',
			values: [JSON.stringify(search)],
			rowMode: 'array',
			types: asText,
		});
		const milliseconds = performance.now() - began;
		let explained = '';
		if (explain !== undefined && explain !== false)
			explained = `,"explain":${await this.explain({ ...search, explain })}`;
		return `{"rows":[${rows.join(',')}],"milliseconds":${milliseconds.toFixed(3)}${explained}}`;
	}

	async explain(query) {
		const {
			rows: [[answer]],
		} = await this.pool.query({
			text: 'SELECT odb_query($1::jsonb)',
			values: [JSON.stringify(query)],
			rowMode: 'array',
			types: asText,
		});
		return answer;
	}

	// POST /sql: the search as SQL that a person would write.
	async sql(query) {
		const search = this.complete(query);
		delete search.explain;
		const { weights } = search;
		const [{ distance }] = await this.rows(
			'SELECT mm_distance_sql($1::regclass, $2::odbvalues, NULL, $3, $4) AS distance',
			[
				search.index ?? this.schema.index,
				JSON.stringify(this.usedWeights(search, weights)),
				search.normalized ?? true,
				search.missing ?? 'penalty',
			],
		);
		return {
			plain: plainSql(this.schema, search, distance, this.usedWeights(search, weights)),
			odbknn: odbknnSql(this.schema, search),
			odb_query: `SELECT odb_query('${JSON.stringify(search).replace(/'/g, "''")}');`,
		};
	}

	// The columns that play a part, with their weights.
	usedWeights(search, weights) {
		const used = {};
		for (const { name } of this.schema.columns) {
			const weight = weights === undefined ? 1 : Number(weights[name] ?? 0);
			const value = search.object?.[name];
			if (weight > 0 && value !== null && (search.id !== undefined || value !== undefined)) used[name] = weight;
		}
		if (Object.keys(used).length === 0) throw new RequestError('no column plays a part in the query', '$.weights');
		return used;
	}

	// POST /fusion: what fusing the columns' own nearest would answer.
	async fusion({ query, top = 100 }) {
		const search = this.complete(query ?? {});
		const [key] = this.schema.key;
		if (this.schema.key.length !== 1)
			throw new RequestError('fusion takes a table with a primary key of one column', '$');
		if (!Number.isInteger(top) || top < 1 || top > MAX_ROWS) {
			throw new RequestError(`$.top must be a whole number from 1 to ${MAX_ROWS}`, '$.top');
		}
		const { radius, explain, k = 10, ...rest } = search;
		const lists = Object.entries(this.usedWeights(search, search.weights)).map(([name, weight]) => ({
			query: { ...rest, weights: { [name]: 1 }, k: top, select: [key] },
			weight,
		}));
		const began = performance.now();
		const fused = await this.rows(fuse, [JSON.stringify(lists), k]);
		const milliseconds = performance.now() - began;
		const keys = fused.map(row => row.row[key]);
		const order = new Map(keys.map((value, i) => [String(value), i]));
		const answers = await this.rows('SELECT odb_query($1::jsonb) AS q', [
			JSON.stringify({ ...rest, k, filter: { columns: { [key]: { in: keys } } } }),
		]);
		const rows = answers
			.map(answer => answer.q)
			.sort((a, b) => order.get(String(a.row[key])) - order.get(String(b.row[key])));
		for (const row of rows) row.score = fused[order.get(String(row.row[key]))].score;
		return { rows, milliseconds };
	}

	// The object that a query compares with, by the names of the index's columns; null if
	// it is a row as it is.
	async queryObject(query) {
		const given = query?.object ?? {};
		if (typeof given !== 'object' || Array.isArray(given))
			throw new RequestError('$.query.object must be an object', '$.query.object');
		if (query?.id === undefined && Object.keys(given).length === 0)
			throw new RequestError(
				'$.query must have the id of the row that was compared with, or an object',
				'$.query',
			);
		if (query.id === undefined) return given;
		if (Object.keys(given).length === 0) return null;
		const names = this.schema.columns.map(({ name }) => name).filter(name => given[name] === undefined);
		if (names.length === 0) return given;
		const [found] = await this.rows('SELECT odb_query($1::jsonb) AS q', [
			JSON.stringify(
				this.complete({
					id: query.id,
					k: 1,
					select: names,
					filter: { columns: { [this.schema.key[0]]: query.id } },
				}),
			),
		]);
		return { ...found?.q.row, ...given };
	}

	// POST /refine: weights moved by what a user liked and disliked.
	async refine({ query, weights, liked = [], disliked = [] }) {
		if (this.schema.key.length !== 1)
			throw new RequestError('feedback takes a table with a primary key of one column', '$');
		const object = await this.queryObject(query);
		if (!Array.isArray(liked) || !Array.isArray(disliked) || liked.length === 0) {
			throw new RequestError('$.liked must be an array of at least one key', '$.liked');
		}
		const [type] = this.keyTypes;
		const [{ refined }] = await this.rows(
			`SELECT mm_refine_weights($1::regclass, $2::double precision[],
				$3::text::${object ? 'odbvalues' : type}, $4::text[]::${type}[],
				nullif($5::text[]::${type}[], '{}')) AS refined`,
			[
				this.schema.index,
				weights ? this.schema.columns.map(column => Number(weights[column.name] ?? 0)) : null,
				object ? JSON.stringify(object) : String(query.id),
				liked.map(String),
				disliked.map(String),
			],
		);
		return { weights: Object.fromEntries(this.schema.columns.map((column, i) => [column.name, refined[i]])) };
	}

	// POST /learn: weights from examples, with intervals.
	async learn({ examples }) {
		if (!Array.isArray(examples) || examples.length === 0 || examples.length > 1000) {
			throw new RequestError(
				'$.examples must be an array of 1 to 1000 examples',
				'$.examples',
				'An example is {"key": ..., "relevant": [...]}.',
			);
		}
		const [learned] = await this.rows(
			`SELECT columns, weights, lower, upper, recall, heldout_recall AS "heldoutRecall", seconds
			 FROM mm_learn_weights($1::regclass, $2::jsonb)`,
			[this.schema.index, JSON.stringify(examples)],
		);
		return learned;
	}

	// POST /profiles: save weights under a name.
	async saveProfile({ name, weights }) {
		// The rights may be new.
		if (!this.schema.maySaveProfiles) await this.readSchema();
		if (!this.schema.maySaveProfiles) {
			throw Object.assign(
				new RequestError('profiles may not be saved', '$', 'Start the explorer with --save-profiles.'),
				{ status: 403 },
			);
		}
		if (typeof name !== 'string' || name === '' || name.length > 200)
			throw new RequestError('$.name must be text', '$.name');
		const columns = this.schema.columns.map(column => column.name);
		const values = columns.map(column => Number(weights?.[column] ?? 0));
		if (!values.every(weight => weight >= 0 && weight < Infinity))
			throw new RequestError('weights must not be negative', '$.weights');
		const client = await this.pool.connect();
		try {
			await client.query('BEGIN READ WRITE');
			await client.query(
				`INSERT INTO mmdb.weight_profile (name, index_name, columns, weights) VALUES ($1, $2, $3, $4)
				 ON CONFLICT (name) DO UPDATE SET index_name = excluded.index_name, columns = excluded.columns,
					weights = excluded.weights, recall = NULL, heldout_recall = NULL, learned = NULL, saved_at = now()`,
				[name, this.schema.index, columns, values],
			);
			await client.query('COMMIT');
		} catch (error) {
			await client.query('ROLLBACK');
			throw error;
		} finally {
			client.release();
		}
		await this.readSchema();
		return { profiles: this.schema.profiles };
	}
}

// The API against brute force, and against whoever means ill.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { start, stopAll, owner } from './lib.js';
import { readOptions } from '../server/options.js';

let server;
let places;
let db;

before(async () => {
	server = await start('--index', 'clipart_mm');
	places = await start('--index', 'places_mm');
	db = await owner();
	// The brute force below must not use the index.
	await db.query('SET mmdb.enable_scan = off');
});

after(async () => {
	await stopAll();
	await db.end();
});

// All distances from a row, computed one by one, with the parts.
async function bruteForce(id, weights, condition = 'true') {
	const { rows } = await db.query(
		`
		SELECT c.id, p.parts, p.parts[1] + p.parts[2] + p.parts[3] + p.parts[4] + p.parts[5] AS distance
		FROM clipart q, clipart c, LATERAL (SELECT ARRAY[
			$2::float8 * ((c.title <~> q.title) / mm_scale('clipart_mm', 'title')),
			$3::float8 * coalesce((c.keywords <&> q.keywords) / mm_scale('clipart_mm', 'keywords'), 1),
			$4::float8 * ((c.colors <+> q.colors) / mm_scale('clipart_mm', 'colors')),
			$5::float8 * ((c.thumbnail <-> q.thumbnail) / mm_scale('clipart_mm', 'thumbnail')),
			$6::float8 * ((c.log_bytes <+> q.log_bytes) / mm_scale('clipart_mm', 'log_bytes'))] AS parts) p
		WHERE q.id = $1 AND ${condition} ORDER BY distance, c.id`,
		[id, ...weights],
	);
	return rows;
}

const names = ['title', 'keywords', 'colors', 'thumbnail', 'log_bytes'];
const named = weights => Object.fromEntries(names.map((name, i) => [name, weights[i]]));
const distances = rows => rows.map(row => row.distance);

test('answers are those of brute force, whatever the weights', async () => {
	for (const [id, weights] of [
		[21, [1, 1, 1, 1, 1]],
		[280, [0.3, 2, 0.01, 1.7, 0.5]],
		[4000, [5, 1, 3, 1, 1]],
	]) {
		const expected = await bruteForce(id, weights);
		const { status, body } = await server.post('/query', { id, weights: named(weights), k: 50, select: ['id'] });
		assert.equal(status, 200);
		assert.deepEqual(distances(body.rows), distances(expected).slice(0, 50));
		const parts = new Map(expected.map(row => [row.id, row.parts]));
		for (const { row, parts: got } of body.rows)
			assert.deepEqual(
				names.map(name => got[name]),
				parts.get(row.id),
			);
	}
});

test('filters and a radius are those of brute force', async () => {
	const weights = [1, 1, 1, 1, 1];
	const filter = {
		or: [{ width: { between: [100, 300] } }, { keywords: { contains: ['bird'] } }],
		folder: { ne: 'x' },
	};
	const expected = await bruteForce(21, weights, "(c.width BETWEEN 100 AND 300 OR 'bird' = ANY (c.keywords))");
	const { body } = await server.post('/query', { id: 21, filter, k: 100, select: ['id'] });
	assert.deepEqual(distances(body.rows), distances(expected).slice(0, 100));
	const within = await server.post('/query', { id: 21, filter, radius: 1.4, select: ['id'] });
	assert.deepEqual(
		distances(within.body.rows),
		distances(expected).filter(d => d <= 1.4),
	);
	assert.ok(within.body.rows.length > 3);
	const nearest = await server.post('/query', {
		id: 21,
		k: 1000,
		select: ['id'],
		filter: { nearest: { id: 280, k: 40 }, within: { id: 280, weights: { colors: 1 }, radius: 0.4 } },
	});
	const near = (await bruteForce(280, weights))
		.slice(0, 40)
		.filter(row => row.parts[2] <= 0.4)
		.map(row => row.id);
	assert.deepEqual(nearest.body.rows.map(({ row }) => row.id).sort(), near.sort());
});

test('explain tells the plan', async () => {
	const { body } = await server.post('/query', { id: 21, k: 5, explain: 'analyze' });
	assert.match(JSON.stringify(body.explain.plan), /MMDB Scan/);
	assert.match(body.explain.sql, /\$1/);
});

test('SQL texts find the same rows', async () => {
	const query = {
		id: 21,
		object: { title: "fro'g\\", keywords: ['a"b', 'bird'] },
		weights: named([1, 2, 0, 0.5, 1]),
		k: 20,
		filter: { width: { between: [100, 800] }, folder: { ne: "o'x" } },
	};
	const { body } = await server.post('/query', { ...query, select: ['id'] });
	const { body: texts } = await server.post('/sql', query);
	for (const text of [texts.plain, texts.odbknn]) {
		const { rows } = await db.query(text);
		assert.deepEqual(
			rows.map(row => row.id),
			body.rows.map(({ row }) => row.id),
			text,
		);
	}
	const { rows } = await db.query(texts.odb_query);
	assert.deepEqual(
		rows.map(row => row.odb_query.row.id),
		body.rows.map(({ row }) => row.id),
	);
});

test('fusion is what adding up ranks gives', async () => {
	const { body } = await server.post('/fusion', { query: { id: 21, k: 10, select: ['id', 'title'] }, top: 100 });
	assert.equal(body.rows.length, 10);
	assert.equal(body.rows[0].row.id, 21);
	for (let i = 1; i < 10; i++) assert.ok(body.rows[i - 1].score >= body.rows[i].score);
	// A row that is first in all lists.
	assert.ok(Math.abs(body.rows[0].score - 5 / 61) < 0.01);
});

test('weights are refined and learned', async () => {
	const refined = await server.post('/refine', {
		query: { id: 21 },
		weights: named([1, 1, 1, 1, 1]),
		liked: [27, 19, 32],
		disliked: [3260, 276],
	});
	assert.ok(Math.abs(Object.values(refined.body.weights).reduce((a, b) => a + b) - 1) < 1e-9);
	assert.ok(refined.body.weights.keywords > refined.body.weights.title);
	// Of a row with other values, and of values alone.
	const feedback = { weights: named([1, 1, 1, 1, 1]), liked: [27, 19, 32], disliked: [3260, 276] };
	const edited = await server.post('/refine', { query: { id: 21, object: { title: 'rooster' } }, ...feedback });
	assert.equal(edited.status, 200);
	assert.ok(edited.body.weights.keywords > edited.body.weights.title);
	assert.notDeepEqual(edited.body.weights, refined.body.weights);
	const asItIs = await server.post('/query', { id: 21, k: 1, select: names, filter: { columns: { id: 21 } } });
	const values = asItIs.body.rows[0].row;
	const same = await server.post('/refine', { query: { object: values }, ...feedback });
	assert.deepEqual(same.body.weights, refined.body.weights);
	const typed = await server.post('/refine', { query: { object: { title: 'crow' } }, ...feedback });
	assert.equal(typed.status, 200);
	const nothing = await server.post('/refine', { query: { object: {} }, ...feedback });
	assert.equal(nothing.status, 400);
	const wrong = await server.post('/refine', { query: { object: { titel: 'crow' } }, ...feedback });
	assert.equal(wrong.status, 400);
	const learned = await server.post('/learn', {
		examples: [
			{ key: 21, relevant: [27, 19, 32] },
			{ key: 55, relevant: [63, 59] },
		],
	});
	assert.equal(learned.status, 200);
	assert.deepEqual(learned.body.columns, names);
	assert.equal(learned.body.lower.length, 5);
});

test('the schema has columns and statistics, and only those of the role', async () => {
	const schema = JSON.parse((await server.get('/schema')).text);
	assert.deepEqual(
		schema.columns.map(column => column.name),
		names,
	);
	assert.deepEqual(schema.key, ['id']);
	assert.equal(schema.show.thumbnail, 'thumbnail');
	assert.equal(schema.show.colors, 'colors');
	assert.deepEqual(schema.attributes.find(a => a.name === 'id').bounds, ['1', '6801']);
	assert.equal(schema.maySaveProfiles, false);
	assert.equal(JSON.parse((await places.get('/schema')).text).show.point, 'at');
});

test('the API is described', async () => {
	const api = JSON.parse((await server.get('/openapi.json')).text);
	assert.deepEqual(Object.keys(api.paths).sort(), [
		'/fusion',
		'/learn',
		'/profiles',
		'/query',
		'/refine',
		'/schema',
		'/sql',
	]);
	for (const [, name] of JSON.stringify(api).matchAll(/#\/components\/schemas\/(\w+)/g))
		assert.ok(api.components.schemas[name], name);
});

test('points, numbers, dates and text make queries', async () => {
	const { status, body } = await places.post('/query', {
		object: { at: [13.1, 52.2], price: 12, name: 'place' },
		k: 7,
		filter: {
			open: true,
			opened: { between: ['2020-02-01', null] },
			kind: { in: ['kind 1', 'kind 3'] },
			tags: { contains: ['t3'] },
		},
	});
	assert.equal(status, 200);
	const { rows } = await db.query(`
		SELECT (name <~> 'place') / mm_scale('places_mm', 'name') + (at <-> '(13.1,52.2)') / mm_scale('places_mm', 'at') +
			(price <+> 12) / mm_scale('places_mm', 'price') AS distance
		FROM places WHERE open AND opened >= '2020-02-01' AND kind IN ('kind 1', 'kind 3') AND 't3' = ANY (tags)
		ORDER BY distance LIMIT 7`);
	assert.deepEqual(distances(body.rows), distances(rows));
});

test('errors tell the place', async () => {
	const wrong = async (body, path, status = 400) => {
		const answer = await server.post('/query', body);
		assert.equal(answer.status, status, JSON.stringify(answer.body));
		assert.equal(answer.body.error.path, path, JSON.stringify(answer.body));
	};
	await wrong({ id: 21, kk: 1 }, '$.kk');
	await wrong({ id: 21, k: 0 }, '$.k');
	await wrong({ id: 21, k: 100000 }, '$.k');
	await wrong({ id: 21, filter: { or: [{ width: 1 }, { widht: 2 }] } }, '$.filter.or[1].widht');
	await wrong({ id: 21, filter: { width: { between: [1, 'x'] } } }, '$.filter.width.between[1]');
	await wrong({ id: 21, filter: { 'a b': 1 } }, '$.filter["a b"]');
	await wrong({ id: 21, weights: { title: -1 } }, '$.weights');
	await wrong({ id: 'x' }, '$.id');
	await wrong('{"id": 21,', '$');
	await wrong('[]', '$');
	await wrong({ from: 'no_such', id: 1 }, '$.from');
});

test('the role sees no more than in SQL, and changes nothing', async () => {
	assert.equal((await server.post('/query', { from: 'secrets', id: 1 })).status, 403);
	assert.equal((await server.post('/query', { from: 'secrets' })).status, 403);
	assert.equal((await server.post('/query', { id: 21, index: 'secrets_mm' })).status, 400);
	assert.equal((await server.post('/query', { from: 'pg_catalog.pg_authid' })).status, 403);
	assert.equal((await server.post('/profiles', { name: 'x', weights: { title: 1 } })).status, 403);
	await assert.rejects(start('--index', 'secrets_mm'), /no mmdb index/);
	await assert.rejects(start(), /several mmdb indexes; choose one with --index: .*clipart_mm/);
	const saver = await start('--index', 'clipart_mm', '--save-profiles');
	assert.equal((await saver.post('/profiles', { name: 'x', weights: { title: 1 } })).status, 403);
	await db.query('GRANT INSERT, UPDATE ON mmdb.weight_profile TO explorer_test');
	const saved = await saver.post('/profiles', { name: "x'; --", weights: { title: 1, colors: 2 } });
	assert.deepEqual(saved.body.profiles, [{ name: "x'; --", columns: names, weights: [1, 0, 2, 0, 0] }]);
	assert.equal((await saver.post('/query', { id: 21, profile: "x'; --", k: 3 })).status, 200);
	await db.query('DELETE FROM mmdb.weight_profile');
	await db.query('REVOKE INSERT, UPDATE ON mmdb.weight_profile FROM explorer_test');
	await saver.stop();
});

test('hostile input is an error, or data', async () => {
	const evil = [
		"'; DROP TABLE clipart; --",
		'" OR true --',
		'\\',
		'$1',
		'%',
		'\u0000',
		'\ud800',
		'１',
		'x'.repeat(1000),
	];
	for (const text of evil) {
		for (const body of [
			{ id: text },
			{ from: text },
			{ id: 21, index: text },
			{ object: { title: text } },
			{ id: 21, profile: text },
			{ id: 21, filter: { title: text } },
			{ id: 21, filter: { [text]: 1 } },
			{ id: 21, filter: { title: { in: [text] } } },
			{ id: 21, select: [text] },
			{ id: 21, weights: { [text]: 1 } },
			{ id: 21, missing: text },
			{ [text]: 1 },
		]) {
			const { status } = await server.post('/query', body);
			assert.ok(status === 200 || status === 400, `${status} ${JSON.stringify(body).slice(0, 80)}`);
			const sql = await server.post('/sql', body);
			assert.ok(sql.status < 500 || sql.status === 504, `${sql.status} ${JSON.stringify(body).slice(0, 80)}`);
		}
	}
	const numbers = ['1e400', '-1', '1e-400', '9'.repeat(5000), '0.1', 'true', '"NaN"', '[]', '{}'];
	for (const value of numbers) {
		for (const place of ['"k"', '"radius"', '"id"', '"filter"', '"object"', '"weights"', '"select"', '"missing"']) {
			const { status } = await server.post('/query', `{"id": 21, ${place}: ${value}}`);
			assert.ok(status === 200 || status === 400, `${status} ${place} ${value}`);
		}
	}
	const deep = (open, close, n) => `{"id": 21, "filter": ${open.repeat(n)}{"width": 1}${close.repeat(n)}}`;
	assert.equal((await server.post('/query', deep('{"not":', '}', 100))).status, 400);
	assert.equal((await server.post('/query', deep('{"and":[', ']}', 5000))).status, 400);
	assert.equal(
		(await server.post('/query', `{"id": 21, "filter": ${'['.repeat(50000)}${']'.repeat(50000)}}`)).status,
		400,
	);
	assert.equal((await server.post('/query', ' '.repeat(2 << 20))).status, 413);
	for (const path of ['/fusion', '/refine', '/learn', '/profiles', '/sql']) {
		for (const body of [
			'{}',
			'[]',
			'5',
			'null',
			'{"query": 5}',
			'{"query": {"id": 21}, "liked": 5}',
			'{"examples": [5]}',
			'{"name": {}, "weights": 5}',
		]) {
			const { status } = await server.post(path, body);
			assert.ok(status === 200 || status === 400 || status === 403, `${status} ${path} ${body}`);
		}
	}
	assert.equal((await db.query('SELECT count(*)::int FROM clipart')).rows[0].count, 6801);
});

test('requests of other sites are refused', async () => {
	const plain = await fetch(`${server.url}/query`, {
		method: 'POST',
		headers: { 'Content-Type': 'text/plain' },
		body: '{"id": 21}',
	});
	assert.equal(plain.status, 415);
	const { request } = await import('node:http');
	const { port } = new URL(server.url);
	const status = host =>
		new Promise(resolve =>
			request({ port, path: '/schema', headers: { host } }, response => {
				response.resume();
				resolve(response.statusCode);
			}).end(),
		);
	assert.equal(await status('evil.example'), 403);
	assert.equal(await status('localhost'), 200);
	for (const path of [
		'/../package.json',
		'/%2e%2e/package.json',
		'/..%2fpackage.json',
		'/app.js/',
		'//etc/passwd',
		'/.npmrc',
	]) {
		assert.ok((await server.get(path)).status >= 400, path);
	}
	assert.match((await server.get('/')).headers.get('content-security-policy'), /default-src 'self'/);
});

test('a statement that takes too long is stopped', async () => {
	const hasty = await start('--index', 'clipart_mm', '--timeout', '200');
	const { status } = await hasty.post('/query', { object: { title: 'xyz'.repeat(50000) }, k: 1000 });
	assert.equal(status, 504);
	await hasty.stop();
});

test('the command line says what is wrong', () => {
	assert.match(readOptions(['--port', 'x']).error, /--port must be a number/);
	assert.match(readOptions(['--port', '70000']).error, /at most 65535/);
	assert.match(readOptions(['--nonsense']).error, /nonsense/);
	assert.equal(readOptions([]).host, '127.0.0.1');
});

test('many requests at once are all answered', async () => {
	const total = Number(process.env.MMDB_TEST_LONG ? 10000 : 300);
	const {
		body: { rows },
	} = await server.post('/query', { id: 21, k: 5, select: ['id'] });
	let next = 0;
	await Promise.all(
		Array.from({ length: 20 }, async () => {
			while (next++ < total) {
				const { body } = await server.post('/query', { id: 21, k: 5, select: ['id'] });
				assert.deepEqual(body.rows, rows);
			}
		}),
	);
});

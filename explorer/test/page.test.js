// The page in a browser: what a person does with it, and that anybody can.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { colorHistogram } from '../public/drawing.js';
import { owner, start, stopAll } from './lib.js';

const executable = [
	process.env.CHROMIUM,
	'/usr/bin/chromium',
	'/usr/bin/chromium-browser',
	'/usr/bin/google-chrome',
].find(path => path && existsSync(path));
const skip = executable ? false : 'there is no chromium';
const directory = new URL('../public/', import.meta.url);
const screenshots = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'mmdb-explorer-'));

let server;
let places;
let browser;
let page;
let db;
const complaints = [];

before(async () => {
	if (skip) return;
	const { chromium } = createRequire(import.meta.url)('playwright-core');
	browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
	db = await owner();
	server = await start('--index', 'clipart_mm', '--start', '280');
	places = await start('--index', 'places_mm');
	page = await open(server.url);
});

after(async () => {
	await browser?.close();
	await db?.end();
	await stopAll();
});

async function open(url, viewport = { width: 1280, height: 860 }) {
	const page = await browser.newPage({ viewport });
	page.on('console', message => {
		if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
	});
	page.on('pageerror', error => complaints.push(error.message));
	await page.goto(url);
	await page.waitForSelector('.card');
	await settled(page);
	return page;
}

// The page as it begins.
async function fresh() {
	await page.goto('about:blank');
	await page.goto(server.url);
	await page.waitForSelector('.card');
	await settled(page);
}

// Waits until something holds.  (The page's policy forbids that the browser looks.)
async function until(holds) {
	for (let i = 0; i < 1000; i++) {
		if (await holds()) return;
		await new Promise(resolve => setTimeout(resolve, 10));
	}
	throw new Error('it does not come to hold');
}

// Waits until what is behind the view has been shown, too.
async function settled(page) {
	await until(() => page.evaluate(() => document.body.dataset.busy === undefined));
}

const titles = (page, list = 'grid') => page.$$eval(`#${list} .name`, nodes => nodes.map(node => node.textContent));
const shot = (page, name, options = {}) => page.screenshot({ path: join(screenshots, `${name}.png`), ...options });

async function setSlider(page, name, value) {
	await page.$eval(
		`#weight-${name}`,
		(slider, value) => {
			slider.value = value;
			slider.dispatchEvent(new Event('input', { bubbles: true }));
		},
		value,
	);
}

async function accessible(page, what) {
	await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
	const { violations } = await page.evaluate(() => axe.run());
	assert.deepEqual(
		violations.map(
			v =>
				`${what}: ${v.id}: ${v.nodes
					.slice(0, 3)
					.map(n => n.html.slice(0, 120))
					.join(' | ')}`,
		),
		[],
	);
}

test('JavaScript takes at most 150 KB', () => {
	const bytes = readdirSync(directory)
		.filter(name => name.endsWith('.js'))
		.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, directory))).length, 0);
	console.log(`# JavaScript, compressed: ${(bytes / 1024).toFixed(1)} KB`);
	assert.ok(bytes < 150 * 1024);
});

test('it loads, and is for everybody', { skip }, async () => {
	assert.equal((await titles(page)).length, 48);
	assert.equal((await titles(page))[0], 'turtle');
	assert.match(await page.textContent('#status'), /48 of 6,801 rows in [\d.]+ ms/);
	assert.match(await page.textContent('#panel-plan'), /verified, exactly[\d,]+ rows/);
	await shot(page, 'start');
	await shot(page, 'start-whole', { fullPage: true });
	await accessible(page, 'start');
});

test('a slider that moves ranks again', { skip }, async () => {
	await fresh();
	const { body } = await server.post('/query', {
		id: 280,
		k: 48,
		weights: { title: 0.1, keywords: 2, colors: 1, thumbnail: 1, log_bytes: 1 },
	});
	await setSlider(page, 'keywords', 2);
	await setSlider(page, 'title', 0.1);
	await settled(page);
	assert.deepEqual(
		await titles(page),
		body.rows.map(({ row }) => row.title),
	);
	await shot(page, 'slider');
});

test('a move of a slider takes at most 50 ms in the median', { skip }, async () => {
	await fresh();
	await page.evaluate(() => performance.clearMeasures());
	for (let i = 0; i < 40; i++) {
		await setSlider(page, ['title', 'keywords', 'colors', 'thumbnail', 'log_bytes'][i % 5], ((i * 37) % 50) / 25);
		await until(() => page.evaluate(n => performance.getEntriesByName('rerank').length > n, i));
	}
	const times = (await page.evaluate(() => performance.getEntriesByName('rerank').map(entry => entry.duration))).sort(
		(a, b) => a - b,
	);
	console.log(
		`# from a slider's move to the new grid: median ${times[20].toFixed(1)} ms, 95 % within ${times[37].toFixed(1)} ms`,
	);
	await page.click('#equal');
	await settled(page);
});

test('the parts of a distance are told, and why a row is above the next', { skip }, async () => {
	await fresh();
	await page.hover('.card:nth-child(4) .bar');
	const text = await page.textContent('#tip');
	assert.match(text, /title0\.\d+.*distance1\.\d+/);
	assert.match(text, /(Above|As near as)/);
	await shot(page, 'parts');
	await page.mouse.move(5, 5);
	assert.equal(await page.isVisible('#tip'), false);
	await page.focus('.card:nth-child(4) .bar');
	assert.equal(await page.textContent('#tip'), text);
	await page.keyboard.press('Escape');
	assert.equal(await page.isVisible('#tip'), false);
});

test('clicking a row asks for what is like it', { skip }, async () => {
	await fresh();
	const name = (await titles(page))[3];
	await page.click('.card:nth-child(4) .open');
	await settled(page);
	assert.equal((await titles(page))[0], name);
	assert.equal(await page.textContent('#object strong'), name);
});

test('by the keyboard alone', { skip }, async () => {
	await fresh();
	await page.focus('#weight-colors');
	const before = await titles(page);
	for (let i = 0; i < 30; i++) await page.keyboard.press('ArrowRight');
	await settled(page);
	assert.notDeepEqual(await titles(page), before);
	await page.focus('.card:nth-child(2) .open');
	await page.keyboard.press('Enter');
	await settled(page);
	assert.equal((await titles(page))[0], await page.textContent('#object strong'));
	await page.focus('#tab-plan');
	await page.keyboard.press('ArrowRight');
	await settled(page);
	assert.match(await page.textContent('#panel-sql'), /SELECT[^]*odbknn[^]*odb_query/);
});

test('values that are typed make a query', { skip }, async () => {
	await fresh();
	await page.click('#fields-panel summary');
	await page.fill('#value-title', 'frog');
	await page.fill('#value-keywords', 'frog, animal');
	await page.keyboard.press('Tab');
	await settled(page);
	assert.match(await page.textContent('#object'), /frog.*changed values/);
	await page.click('text=Only these values');
	await settled(page);
	const { body } = await server.post('/query', {
		object: { title: 'frog', keywords: ['frog', 'animal'], log_bytes: await page.inputValue('#value-log_bytes') },
		k: 48,
	});
	assert.deepEqual(
		await titles(page),
		body.rows.map(({ row }) => row.title),
	);
	await shot(page, 'typed');
	await page.reload();
	await page.waitForSelector('.card');
	await settled(page);
	assert.deepEqual(
		await titles(page),
		body.rows.map(({ row }) => row.title),
		'the address keeps the query',
	);
});

test('a word that is typed makes a query', { skip }, async () => {
	await fresh();
	await page.fill('#word', 'pelican');
	await page.keyboard.press('Enter');
	await settled(page);
	const { body } = await server.post('/query', { object: { title: 'pelican' }, k: 48 });
	assert.deepEqual(
		await page.$$eval('#grid .foot b', nodes => nodes.map(node => node.textContent)),
		body.rows.map(({ distance }) => distance.toFixed(3)),
	);
	assert.match(await page.textContent('#object'), /pelican/);
	await accessible(page, 'word');
});

test('filters, k, radius and missing values', { skip }, async () => {
	await fresh();
	await page.click('#filters-panel summary');
	await page.fill('[aria-label="width from"]', '100');
	await page.fill('[aria-label="width to"]', '200');
	await page.fill('#filter-keywords', 'food');
	await page.keyboard.press('Enter');
	await page.fill('#k', '12');
	await page.check('input[value=exclude]', { force: true });
	await settled(page);
	const { body } = await server.post('/query', {
		id: 280,
		k: 12,
		missing: 'exclude',
		filter: { width: { between: [100, 200] }, keywords: { contains: ['food'] } },
	});
	assert.deepEqual(
		await titles(page),
		body.rows.map(({ row }) => row.title),
	);
	assert.equal(await page.textContent('#filter-count'), '(2)');
	await accessible(page, 'filters');
	await page.click('text=food ×');
	await page.fill('#radius', '1.5');
	await settled(page);
	const within = await server.post('/query', {
		id: 280,
		k: 12,
		radius: 1.5,
		missing: 'exclude',
		filter: { width: { between: [100, 200] } },
	});
	assert.deepEqual(
		await titles(page),
		within.body.rows.map(({ row }) => row.title),
	);
	await page.fill('#radius', '0.0001');
	await page.fill('[aria-label="width from"]', '190');
	await page.keyboard.press('Tab');
	await settled(page);
	assert.match(await page.textContent('#grid'), /No row is that near/);
});

test('fusion shows what it misses', { skip }, async () => {
	await fresh();
	const all = await titles(page);
	await page.check('input[value=fused]', { force: true });
	await settled(page);
	const text = await page.textContent('#fusion');
	const missed = Number(text.match(/misses (\d+) of/)[1]);
	assert.equal((await titles(page, 'missed')).length, missed);
	assert.equal((await page.$$('#grid .wrong')).length, missed);
	await shot(page, 'fused');
	await accessible(page, 'fused');
	await page.check('input[value=exact]', { force: true });
	await settled(page);
	assert.deepEqual(await titles(page), all);
});

test('drawn colours find pictures of these colours', { skip }, async () => {
	await fresh();
	await page.click('#drawing-panel summary');
	await page.click('[aria-label="Paint with #1f5fbf"]');
	await page.click('#stripe');
	await settled(page);
	const query = () => page.evaluate(() => JSON.parse(decodeURIComponent(location.hash.slice(1))));
	const blue = colorHistogram([[0x1f, 0x5f, 0xbf]]);
	assert.deepEqual((await query()).object, { colors: blue });
	assert.equal(await page.textContent('#object strong'), 'These values');
	// The nearest by the histogram alone, as the table has it.
	const { rows } = await db.query(
		`SELECT title FROM clipart ORDER BY colors <+> $1::mmvector, id LIMIT 5`, [JSON.stringify(blue)],
	);
	const distances = await page.$$eval('#grid .foot b', nodes => nodes.slice(0, 5).map(node => node.textContent));
	assert.equal(rows.length, distances.length);
	assert.ok(distances.every((d, i) => i === 0 || Number(d) >= Number(distances[i - 1])));
	assert.ok((await titles(page)).includes(rows[0].title));
	// A stripe of another colour, a stroke, and a word besides.
	await page.click('[aria-label="Paint with #f7d716"]');
	await page.click('#stripe');
	await settled(page);
	const both = (await query()).object.colors;
	assert.equal(both.filter(part => part === 0.5).length, 2);
	const box = await page.locator('.drawing').boundingBox();
	await page.mouse.move(box.x + 20, box.y + box.height - 30);
	await page.mouse.down();
	await page.mouse.move(box.x + 90, box.y + box.height - 30);
	await page.mouse.up();
	await settled(page);
	assert.ok((await query()).object.colors[7] > 0.5);
	await page.fill('#word', 'flag');
	await page.press('#word', 'Enter');
	await settled(page);
	assert.deepEqual(Object.keys((await query()).object).sort(), ['colors', 'title']);
	await page.click('.card:nth-child(2) .up');
	await page.click('#refine');
	await until(async () => /weights have moved/.test(await page.textContent('#learned')));
	await settled(page);
	await shot(page, 'drawn');
	await accessible(page, 'drawn');
	await page.click('#clear');
	await settled(page);
	assert.deepEqual(Object.keys((await query()).object), ['title']);
});

test('the histogram of a drawing is that of HSV', { skip }, () => {
	const bin = color => colorHistogram([color]).indexOf(1);
	assert.equal(bin([255, 0, 0]), 3);
	assert.equal(bin([255, 255, 0]), 7);
	assert.equal(bin([0, 255, 0]), 2 * 4 + 3);
	assert.equal(bin([0, 255, 255]), 4 * 4 + 3);
	assert.equal(bin([0, 0, 255]), 5 * 4 + 3);
	assert.equal(bin([255, 0, 40]), 7 * 4 + 3);
	assert.equal(bin([255, 200, 200]), 0);
	assert.equal(bin([255, 160, 160]), 1);
	for (const grey of [0, 128, 255]) assert.equal(bin([grey, grey, grey]), 0);
	assert.equal(colorHistogram([null]), null);
	assert.equal(colorHistogram([null, [255, 0, 0], [0, 0, 255]])[3], 0.5);
});

test('thumbs move the weights, and examples teach them', { skip }, async () => {
	await fresh();
	await page.click('.card:nth-child(2) .up');
	await page.click('.card:nth-child(3) .up');
	await page.click('.card:nth-child(4) .down');
	assert.equal(await page.textContent('#feedback'), '2 good, 1 bad.');
	await page.click('#refine');
	await until(async () => /weights have moved/.test(await page.textContent('#learned')));
	await settled(page);
	const values = await page.$$eval('#weights output', nodes => nodes.map(node => Number(node.textContent)));
	assert.equal(Math.max(...values), 1);
	assert.ok(new Set(values).size > 1);
	await page.click('#keep');
	await page.click('#learn');
	await until(async () => /Learned from 1 example/.test(await page.textContent('#learned')));
	assert.equal((await page.$$('#weights svg')).length, 5);
	await settled(page);
	await shot(page, 'learned');
	await accessible(page, 'learned');
	await page.click('#equal');
	await settled(page);
});

test('the neighbourhood, and the map', { skip }, async () => {
	await fresh();
	await page.click('#tab-near');
	await settled(page);
	assert.equal((await page.$$('#panel-near .dot')).length, 200);
	await page.locator('#panels').screenshot({ path: join(screenshots, 'neighbourhood.png') });
	assert.equal(await page.isVisible('#tab-map'), false);
	const other = await open(places.url);
	await other.click('#tab-map');
	await settled(other);
	assert.equal((await other.$$('#panel-map .dot')).length, 48);
	await shot(other, 'places', { fullPage: true });
	await accessible(other, 'places');
	const name = await other.$eval('#panel-map .dot title', node => node.textContent);
	await other.locator('#panel-map .dot').first().dispatchEvent('click');
	await settled(other);
	assert.ok(name.includes((await titles(other))[0]));
	await other.close();
});

test('a table without a key', { skip }, async () => {
	const keyless = await start('--index', 'keyless_mm');
	const other = await open(keyless.url);
	assert.equal((await titles(other)).length, 48);
	await other.click('.card:nth-child(9) .open');
	await settled(other);
	assert.equal((await titles(other))[0], await other.textContent('#object strong'));
	for (const name of ['sql', 'near']) {
		await other.click(`#tab-${name}`);
		await settled(other);
	}
	assert.ok((await other.$$('#panel-near .dot')).length > 100);
	await other.close();
	await keyless.stop();
});

test('errors are told', { skip }, async () => {
	await fresh();
	for (const name of ['title', 'keywords', 'colors', 'thumbnail', 'log_bytes']) await setSlider(page, name, 0);
	await settled(page);
	assert.match(await page.textContent('#error'), /Give some column a weight/);
	await page.click('#equal');
	await settled(page);
	assert.equal(await page.isVisible('#error'), false);
});

test('on a telephone', { skip }, async () => {
	const phone = await open(server.url, { width: 390, height: 844 });
	assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth), 390);
	await shot(phone, 'telephone', { fullPage: true });
	await accessible(phone, 'telephone');
	await phone.close();
});

test('nothing was complained of', { skip }, () => {
	assert.deepEqual(complaints, []);
	console.log(`# screenshots: ${screenshots}`);
});

import t from 'tap';
import { readHtml, withoutAttributes } from '../../src/gather/html.js';

for (const [title, sent, text] of [
  ['tags are taken out, and what they hold stays', '<span class="color-010">You <b>see</b></span> a room.', 'You see a room.'],
  ['line breaks, in each spelling', 'a<br>b<br/>c<BR />d\ne', 'a\nb\nc\nd\ne'],
  ['blocks end a line that has something on it', '<div>a</div><div>b</div><p>c</p>', 'a\nb\nc\n'],
  ['entities by name and by number', '&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39; &#x1F600;&nbsp;.', `<b> & "x" 'y' \u{1F600} .`],
  ['entities that nobody knows, and bare signs, stay', 'a & b &nosuch; &#xffffff; 1 < 2 <3 a<b', 'a & b &nosuch; &#xffffff; 1 < 2 <3 a<b'],
  ['no control character comes out of an entity, nor through', 'a&#7;b\x07c\x1b[31md&#27;', 'abcd'],
  ['a tag that never ends is text', 'a <span class="x', 'a <span class="x'],
  ['declarations and comments', '<!DOCTYPE html>a<!-- b -->c', 'ac'],
  ['a `>` in an attribute ends the tag: what is left is text', '<a title="x>y">z</a>', 'y">z'],
] as const) {
  t.test(`HTML: ${title}`, async (t) => {
    const read = readHtml(sent);
    t.equal(read.text, text);
    t.equal(read.offsets.length, text.length);
    t.ok(read.offsets.every((at, index) => at < sent.length && at >= (read.offsets[index - 1] ?? 0)));
  });
}

t.test('of a tag nothing is kept but its name and its classes', async (t) => {
  const sent = `<a id="mxplink" href="#" onclick="Evennia.msg(&quot;text&quot;,[&quot;connect bob hunter2&quot;],{});">go</a><img src='x'><b class='c d' title="x">e</b ><!-- hunter2 -->`;
  t.equal(withoutAttributes(sent), '<a>go</a><img><b class="c d">e</b>');
});

t.test('1 MiB of the worst there is takes no time to speak of', async (t) => {
  for (const worst of ['<a ', '<a', '&', '&#x', '<!', '\x1b[', '<a "', '<br>']) {
    const sent = worst.repeat(Math.floor(1_048_576 / worst.length));
    const from = performance.now();
    withoutAttributes(sent);
    readHtml(sent);
    t.ok(performance.now() - from < 5_000, worst);
  }
});

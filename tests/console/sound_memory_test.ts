import { assertEquals } from "@std/assert";
import { recallSound, rememberSound } from "../../src/console/sound_memory.js";

Deno.test("what was remembered is recalled", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  assertEquals(recallSound(storage), undefined);
  rememberSound(storage, { muted: true, volume: 0.25 });
  assertEquals(recallSound(storage), { muted: true, volume: 0.25 });
});

Deno.test("storage that is missing, refused or spoilt is no choice", () => {
  const spoilt = [
    "",
    "null",
    "{",
    "7",
    '{"muted":1,"volume":1}',
    '{"muted":true,"volume":2}',
    "[]",
  ];
  for (const text of spoilt) assertEquals(recallSound({ getItem: () => text }), undefined, text);
  const refuse = () => {
    throw new DOMException("The operation is insecure", "SecurityError");
  };
  assertEquals(recallSound({ getItem: refuse }), undefined);
  assertEquals(recallSound(undefined), undefined);
  rememberSound({ setItem: refuse }, { muted: false, volume: 1 });
  rememberSound(undefined, { muted: false, volume: 1 });
});

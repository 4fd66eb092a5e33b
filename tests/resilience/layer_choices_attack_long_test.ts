import { LAYER_CHOICES_ATTACK } from "../attack/layer_choices_attack.ts";
import { testAttack } from "../attack/run_attack.ts";

testAttack(LAYER_CHOICES_ATTACK, 2);

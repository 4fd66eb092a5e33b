import { testAttack } from "../attack/run_attack.ts";
import { whepOfferAttack } from "../attack/whep_offer_attack.ts";

testAttack(whepOfferAttack);
